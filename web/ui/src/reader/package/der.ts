/** DER (ITU-T X.690): what certificates and the commune's seal are written in; read strictly, written in one form. */
import type { Bytes } from "../../media/bytes";
import { concat } from "../../proof/bytes";

/** One value: its tag, its content, and the whole of it. */
export interface Der {
  tag: number;
  body: Bytes;
  whole: Bytes;
}

/** The bytes are no DER. */
export class NoDer extends Error {
  override name = "NoDer";
}

/** The values that fill some bytes, one after another. */
export function valuesIn(bytes: Bytes): Der[] {
  const found: Der[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] as number;
    const first = bytes[at + 1] ?? 0x80;
    let [length, head] = [first, 2];
    if (first >= 0x80) {
      const count = first & 0x7f;
      if (count === 0 || count > 3 || at + 2 + count > bytes.length) throw new NoDer(`length at ${at}`);
      length = bytes.subarray(at + 2, at + 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
      head = 2 + count;
      if (length < 0x80 || (count > 1 && bytes[at + 2] === 0)) throw new NoDer(`long length at ${at}`);
    }
    const end = at + head + length;
    if ((tag & 0x1f) === 0x1f || end > bytes.length) throw new NoDer(`value at ${at}`);
    found.push({ tag, body: bytes.slice(at + head, end), whole: bytes.slice(at, end) });
    at = end;
  }
  return found;
}

/** The members of a value that holds others. */
export function membersOf(value: Der | undefined, tag: number): Der[] {
  if (value?.tag !== tag) throw new NoDer(`tag ${value?.tag}, not ${tag}`);
  return valuesIn(value.body);
}

/** A value under one tag, its length in the shortest form. */
export function tlv(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  const body = concat(...parts);
  if (body.length < 0x80) return concat(Uint8Array.of(tag, body.length), body);
  const digits: number[] = [];
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return concat(Uint8Array.of(tag, 0x80 | digits.length, ...digits), body);
}

export const sequence = (...parts: readonly Uint8Array[]): Bytes => tlv(0x30, ...parts);
export const octets = (value: Uint8Array): Bytes => tlv(0x04, value);
export const NULL = Uint8Array.of(0x05, 0x00);

/** A SET OF, its members in the order that DER asks for. */
export const setOf = (...parts: readonly Uint8Array[]): Bytes => tlv(0x31, ...sorted(parts));

/** Members in the order of their bytes. */
export function sorted(parts: readonly Uint8Array[]): Uint8Array[] {
  return [...parts].sort((a, b) => {
    const at = a.findIndex((byte, place) => byte !== b[place]);
    return at < 0 ? a.length - b.length : (a[at] as number) - (b[at] ?? -1);
  });
}

/** A small INTEGER. */
export const integer = (value: number): Bytes => tlv(0x02, Uint8Array.of(value));

/** An OBJECT IDENTIFIER such as "1.2.840.113549.1.7.2". */
export function oid(dotted: string): Bytes {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const content = [40 * first + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let more = Math.floor(arc / 128); more > 0; more = Math.floor(more / 128))
      digits.unshift(0x80 | (more & 0x7f));
    return digits;
  });
  return tlv(0x06, Uint8Array.from(content));
}

/** A Time (UTCTime or GeneralizedTime, to the second), ms since 1970. */
export function timeOf(value: Der | undefined): number {
  const text = String.fromCharCode(...(value?.body ?? []));
  const short = /^([0-9]{2})([0-9]{10})Z$/.exec(text);
  const long =
    value?.tag === 0x18 ? text : short && `${Number(short[1]) < 50 ? 20 : 19}${short[1]}${short[2]}Z`;
  const parts = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})Z$/.exec(long ?? "");
  const [year = 0, month = 1, ...rest] = (parts ?? []).slice(1).map(Number);
  const ms = parts === null ? Number.NaN : Date.UTC(year, month - 1, ...rest);
  if ((value?.tag !== 0x17 && value?.tag !== 0x18) || Number.isNaN(ms)) throw new NoDer(`time ${text}`);
  return ms;
}
