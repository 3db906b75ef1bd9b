// The points of a map as they come over the wire: positions along the flow, values to colour by, ids.

class Points {
  constructor(buffer) {
    const size = new DataView(buffer).getUint32(0, true);
    const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size)));
    Object.assign(this, { count: head.cases, times: head.times, fields: head.fields, low: head.low, high: head.high });
    const { count, times, fields } = this;
    let at = 4 + size;
    const numbers = new Uint16Array(buffer, at, times.length * count * 2);
    at += numbers.byteLength;
    this.codes = new Uint16Array(buffer, at, fields.length * 2 * count);
    at += this.codes.byteLength;
    this.ids = new TextDecoder().decode(new Uint8Array(buffer, at));
    this.idLength = head.id;
    this.x = times.map(() => new Float32Array(count));
    this.y = times.map(() => new Float32Array(count));
    for (let step = 0, k = 0; step < times.length; step++) {
      for (let row = 0; row < count; row++) {
        this.x[step][row] = head.low[0] + numbers[k++] * head.scale;
        this.y[step][row] = head.low[1] + numbers[k++] * head.scale;
      }
    }
  }

  id(row) {
    return this.ids.slice(row * this.idLength, (row + 1) * this.idLength);
  }

  // Positions at a time of the flow, straight between the two that are known.
  at(time) {
    const step = time * (this.times.length - 1);
    const before = Math.min(Math.floor(step), this.times.length - 1);
    const share = step - before;
    if (share < 1e-6) return { x: this.x[before], y: this.y[before] };
    const between = (values) => {
      const [a, b] = [values[before], values[before + 1]];
      return a.map((value, row) => value + share * (b[row] - value));
    };
    return { x: between(this.x), y: between(this.y) };
  }

  field(name) {
    const place = Math.max(0, this.fields.findIndex((field) => field.field === name));
    return { ...this.fields[place], place };
  }

  // The value of every case, on the map of before (0) or after (1).
  values(name, map) {
    const start = (this.field(name).place * 2 + map) * this.count;
    return this.codes.subarray(start, start + this.count);
  }

  said(name, row, map) {
    const field = this.fields.find((known) => known.field === name);
    return field ? field.values[this.values(name, map)[row]].name : "";
  }
}

const bitsOf = (rows, count) => {
  const bytes = new Uint8Array(Math.ceil(count / 8));
  for (const row of rows) bytes[row >> 3] |= 1 << (row & 7);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return rows.length ? btoa(text) : "";
};

const rowsOf = (bits) => {
  const rows = [];
  const text = atob(bits);
  for (let at = 0; at < text.length; at++) {
    const byte = text.charCodeAt(at);
    for (let bit = 0; byte >> bit; bit++) if ((byte >> bit) & 1) rows.push(at * 8 + bit);
  }
  return rows;
};
