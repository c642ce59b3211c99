/** SHA-256 and CRC-32 of what does not fit in memory: the browser's own SHA-256 wants all the bytes at once. */

const K = roundConstants();

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4 §4.2.2). */
function roundConstants(): Int32Array {
  const found: number[] = [];
  for (let n = 2; found.length < 64; n += 1) {
    if (Array.from({ length: n - 2 }, (_, at) => at + 2).some((each) => n % each === 0)) continue;
    found.push(fraction(Math.cbrt(n)));
  }
  return Int32Array.from(found);
}

function fraction(value: number): number {
  return ((value - Math.floor(value)) * 2 ** 32) | 0;
}

const INITIAL = [2, 3, 5, 7, 11, 13, 17, 19].map((prime) => fraction(Math.sqrt(prime)));

const BLOCK_BYTES = 64;

/** SHA-256 (FIPS 180-4), piece by piece. */
export class Sha256 {
  #state = Int32Array.from(INITIAL);
  #words = new Int32Array(64);
  #rest = new Uint8Array(BLOCK_BYTES);
  #restBytes = 0;
  #totalBytes = 0;

  update(data: Uint8Array): this {
    this.#totalBytes += data.length;
    let at = 0;
    if (this.#restBytes > 0) {
      at = Math.min(BLOCK_BYTES - this.#restBytes, data.length);
      this.#rest.set(data.subarray(0, at), this.#restBytes);
      this.#restBytes += at;
      if (this.#restBytes < BLOCK_BYTES) return this;
      this.#block(this.#rest, 0);
    }
    for (; at + BLOCK_BYTES <= data.length; at += BLOCK_BYTES) this.#block(data, at);
    this.#rest.set(data.subarray(at));
    this.#restBytes = data.length - at;
    return this;
  }

  /** The 32 bytes; the object is of no use afterwards. */
  digest(): Uint8Array<ArrayBuffer> {
    const bits = this.#totalBytes * 8;
    const padding = new Uint8Array((this.#restBytes < 56 ? 56 : 120) - this.#restBytes + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.update(padding);
    const out = new DataView(new ArrayBuffer(32));
    for (const [at, word] of this.#state.entries()) out.setInt32(4 * at, word);
    return new Uint8Array(out.buffer);
  }

  #block(data: Uint8Array, from: number): void {
    const w = this.#words;
    const at = (i: number): number => data[from + i] as number;
    for (let i = 0; i < 16; i += 1) {
      w[i] = (at(4 * i) << 24) | (at(4 * i + 1) << 16) | (at(4 * i + 2) << 8) | at(4 * i + 3);
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15] as number;
      const y = w[i - 2] as number;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0;
    }
    const s = this.#state;
    let [a, b, c, d, e, f, g, h] = s as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    for (let i = 0; i < 64; i += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[i] as number) + (w[i] as number)) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) s[i] = ((s[i] as number) + value) | 0;
  }
}

/** SHA-256 of pieces that follow one another, without waiting: for the many small ones. */
export function sha256Of(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const digest = new Sha256();
  for (const part of parts) digest.update(part);
  return digest.digest();
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 (ISO 3309) of more bytes, from that of the bytes before; 0 to begin with. */
export function crc32(data: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let i = 0; i < data.length; i += 1) {
    crc = (CRC_TABLE[(crc ^ (data[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
