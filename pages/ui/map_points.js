// The points of a map as they come over the wire: positions along the flow and ids of the map as it was made, and marks:
// what came and went since, and the values to colour by.

const opened = (buffer) => {
  const size = new DataView(buffer).getUint32(0, true);
  return [JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size))), 4 + size];
};

class Points {
  constructor(ground, marks) {
    const [head, start] = opened(ground);
    const [now, from] = opened(marks);
    const steps = head.times.length;
    const gone = new Set(now.gone);
    const stayed = Array.from({ length: head.cases }, (_, row) => row).filter((row) => !gone.has(row));
    const old = new Uint16Array(ground, start, steps * head.cases * 2);
    const added = new Uint16Array(marks, from, steps * now.new * 2);
    const oldIds = new TextDecoder().decode(new Uint8Array(ground, start + old.byteLength));
    const id = (row) => oldIds.slice(row * head.id, (row + 1) * head.id);
    const place = (axis, level) => head.low[axis] + level * head.scale;
    Object.assign(this, { times: head.times, low: head.low, high: head.high, fields: now.fields, idLength: head.id });
    this.count = stayed.length + now.new;
    [this.x, this.y] = [0, 1].map((axis) =>
      head.times.map((_, step) => {
        const places = new Float32Array(this.count);
        stayed.forEach((row, at) => (places[at] = place(axis, old[(step * head.cases + row) * 2 + axis])));
        for (let row = 0; row < now.new; row++)
          places[stayed.length + row] = place(axis, added[(step * now.new + row) * 2 + axis]);
        return places;
      }),
    );
    let at = from + added.byteLength;
    const Codes = now.wide ? Uint16Array : Uint8Array;
    this.codes = now.fields.map((field) =>
      Array.from({ length: field.maps }, () => {
        const codes = new Codes(marks, at, this.count);
        at += codes.byteLength;
        return codes;
      }),
    );
    this.ids = (gone.size ? stayed.map(id).join("") : oldIds) + new TextDecoder().decode(new Uint8Array(marks, at));
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
    const codes = this.codes[this.field(name).place];
    return codes[Math.min(map, codes.length - 1)];
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
