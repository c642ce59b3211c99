/**
 * Canonical JSON as a manifest has it: UTF-8, sorted keys, no spaces, one way of writing each value. Read by hand, since
 * `JSON.parse` would accept another encoding of the same content, and two keys of the same name (last one wins).
 */

const DEPTH_LIMIT = 64;
const INTEGER = /-?(?:0|[1-9][0-9]*)/y;
const REAL = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[+-][0-9]{2,})?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be escaped
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\["\\bfnrt]|\\u00[01][0-9a-f])*"/y;
const SHORT_ESCAPES = /\\u00(?:08|09|0a|0c|0d)/;
const UNPAIRED = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The text is not JSON in its one form. */
export class NotCanonical extends Error {
  override name = "NotCanonical";
}

/** Reads a value; `NotCanonical` when the text is any other encoding of it, or no JSON at all. */
export function parseCanonical(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.value(0);
  if (reader.at !== text.length) throw new NotCanonical(`text after the value at ${reader.at}`);
  return value;
}

class Reader {
  at = 0;

  constructor(readonly text: string) {}

  value(depth: number): unknown {
    if (depth > DEPTH_LIMIT) throw new NotCanonical("too deep");
    const first = this.text[this.at];
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#array(depth);
    if (first === '"') return this.#string();
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #object(depth: number): Record<string, unknown> {
    const found: Record<string, unknown> = Object.create(null);
    let before: string | undefined;
    this.at += 1;
    if (this.#took("}")) return found;
    do {
      const key = this.#string();
      if (before !== undefined && !isBefore(before, key)) throw new NotCanonical(`key ${key} out of order`);
      before = key;
      this.#expect(":");
      found[key] = this.value(depth + 1);
    } while (this.#took(","));
    this.#expect("}");
    return found;
  }

  #array(depth: number): unknown[] {
    const found: unknown[] = [];
    this.at += 1;
    if (this.#took("]")) return found;
    do found.push(this.value(depth + 1));
    while (this.#took(","));
    this.#expect("]");
    return found;
  }

  #string(): string {
    const token = this.#token(TEXT);
    if (SHORT_ESCAPES.test(token) || UNPAIRED.test(token)) throw new NotCanonical(`string at ${this.at}`);
    return JSON.parse(token) as string;
  }

  #number(): number {
    const whole = this.#token(REAL);
    const value = Number(whole);
    INTEGER.lastIndex = 0;
    const isInteger = INTEGER.exec(whole)?.[0] === whole;
    if (isInteger ? whole === "-0" : whole !== realText(value)) throw new NotCanonical(`number ${whole}`);
    return value;
  }

  #token(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) throw new NotCanonical(`unexpected text at ${this.at}`);
    this.at += found.length;
    return found;
  }

  #took(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }

  #expect(char: string): void {
    if (!this.#took(char)) throw new NotCanonical(`no ${char} at ${this.at}`);
  }
}

/** The shortest text that reads back as the same number: 25.0, 29.97, 1e-05, 1e+16. */
function realText(value: number): string {
  if (!Number.isFinite(value)) return "";
  const size = Math.abs(value);
  if (Object.is(value, -0)) return "-0.0";
  if (size === 0 || (size >= 1e-4 && size < 1e16)) {
    const text = String(value);
    return text.includes(".") ? text : `${text}.0`;
  }
  return value.toExponential().replace(/e([+-])([0-9])$/, "e$10$2");
}

/** Order of code points, which is not that of UTF-16 units. */
function isBefore(a: string, b: string): boolean {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let at = 0; at < left.length && at < right.length; at += 1) {
    const [x, y] = [left[at]?.codePointAt(0) ?? 0, right[at]?.codePointAt(0) ?? 0];
    if (x !== y) return x < y;
  }
  return left.length < right.length;
}
