// Points drawn into a canvas pixel by pixel: fifty thousand of them in a few milliseconds, on any machine, so that they
// move as one moves the time, and no part of a selection waits for a chart to be laid out anew.

const WITHIN = 4; // places inside a pixel that a dot can have, each way: what moves slowly moves smoothly
const GREY = { light: "#b4bec3", dark: "#4c585e" };

const rgbOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

// How much of each pixel a dot covers, 0 to 256, at each of its places inside a pixel.
const stampsOf = (radius, opacity) => {
  const side = 2 * Math.ceil(radius + 1) + 1;
  const middle = (side - 1) / 2;
  return Array.from({ length: WITHIN * WITHIN }, (_, place) => {
    const [right, down] = [place % WITHIN, Math.floor(place / WITHIN)].map((part) => middle + (part + 0.5) / WITHIN - 0.5);
    const covered = [];
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const share = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x - right, y - down)));
        const alpha = Math.round(256 * opacity * share);
        if (alpha) covered.push([x - middle, y - middle, alpha]);
      }
    return covered;
  });
};

class Dots {
  constructor(canvas) {
    this.canvas = canvas;
    this.kept = {};
  }

  resize(width, height, ratio) {
    const [across, down] = [width, height].map((side) => Math.max(1, Math.round(side * ratio)));
    Object.assign(this, { ratio, across, down, kept: {} });
    Object.assign(this.canvas, { width: across, height: down });
    this.brush = this.canvas.getContext("2d", { alpha: false });
    this.image = this.brush.createImageData(across, down);
    this.whole = new Uint32Array(this.image.data.buffer);
  }

  // `look` says background, colours (r, g, b) by code, and how large and opaque a dot is; chosen: a byte a point, or
  // none where no point is chosen, and then all are.
  draw({ x, y }, codes, chosen, look, view) {
    if (!this.image) return;
    const [r, g, b] = look.background;
    this.whole.fill(new Uint32Array(new Uint8Array([r, g, b, 255]).buffer)[0]);
    if (chosen) this.stamp(x, y, codes, chosen, 0, [look.grey], this.stamps(look.size, look.faded), view);
    this.stamp(x, y, codes, chosen, 1, look.colours, this.stamps(look.size, chosen ? 1 : look.opacity), view);
    this.brush.putImageData(this.image, 0, 0);
  }

  stamps(size, opacity) {
    return (this.kept[`${size} ${opacity}`] ??= stampsOf((size * this.ratio) / 2, opacity).map((covered) => ({
      at: Int32Array.from(covered, ([x, y]) => (y * this.across + x) * 4),
      alpha: Int32Array.from(covered, ([, , alpha]) => alpha),
      reach: Math.max(0, ...covered.map(([x, y]) => Math.max(Math.abs(x), Math.abs(y)))),
    })));
  }

  stamp(x, y, codes, chosen, wanted, colours, stamps, view) {
    const { across, down, ratio } = this;
    const pixels = this.image.data;
    for (let row = 0; row < x.length; row++) {
      if (chosen && chosen[row] !== wanted) continue;
      const left = view.left(x[row]) * ratio;
      const top = view.top(y[row]) * ratio;
      const [column, line] = [Math.floor(left), Math.floor(top)];
      const { at, alpha, reach } =
        stamps[Math.floor((top - line) * WITHIN) * WITHIN + Math.floor((left - column) * WITHIN)];
      if (column < reach || line < reach || column >= across - reach || line >= down - reach) continue;
      const [r, g, b] = colours[wanted ? codes[row] : 0];
      const from = (line * across + column) * 4;
      for (let part = 0; part < at.length; part++) {
        const pixel = from + at[part];
        const share = alpha[part];
        pixels[pixel] += ((r - pixels[pixel]) * share) >> 8;
        pixels[pixel + 1] += ((g - pixels[pixel + 1]) * share) >> 8;
        pixels[pixel + 2] += ((b - pixels[pixel + 2]) * share) >> 8;
      }
    }
  }
}

// Which part of the map is seen: the same scale along both axes, so that shapes stay as they are.
class View {
  constructor(low, high) {
    const pad = 0.04 * Math.max(high[0] - low[0], high[1] - low[1], 1e-9);
    this.low = low.map((value) => value - pad);
    this.high = high.map((value) => value + pad);
    Object.assign(this, { width: 1, height: 1 });
    this.home();
  }

  // Whatever was in the middle stays there, as large as before in shares of the window.
  resize(width, height) {
    const closer = this.scale / this.fitting();
    Object.assign(this, { width, height });
    this.scale = closer * this.fitting();
  }

  fitting() {
    return Math.min(this.width / (this.high[0] - this.low[0]), this.height / (this.high[1] - this.low[1]));
  }

  home() {
    this.middle = [0, 1].map((axis) => (this.low[axis] + this.high[axis]) / 2);
    this.scale = this.fitting();
  }

  left(x) {
    return (x - this.middle[0]) * this.scale + this.width / 2;
  }

  top(y) {
    return (this.middle[1] - y) * this.scale + this.height / 2;
  }

  move(right, down) {
    this.middle = [this.middle[0] - right / this.scale, this.middle[1] + down / this.scale];
  }

  // Closer (above 1) or farther; the place under (left, top) stays there.
  zoom(times, left, top) {
    const scale = Math.min(400 * this.fitting(), Math.max(0.5 * this.fitting(), this.scale * times));
    const [right, up] = [(left - this.width / 2) / this.scale, (this.height / 2 - top) / this.scale];
    const still = this.scale / scale;
    this.middle = [this.middle[0] + right * (1 - still), this.middle[1] + up * (1 - still)];
    this.scale = scale;
  }
}
