/**
 * The package's container read by slices of the file: a ZIP64 archive in one form only (docs/formats/package.md), so
 * that an archive whose sizes, names or order lie differs from the one that its own directory determines.
 */
import type { Bytes } from "../../media/bytes";
import { concat, equal } from "../../proof/bytes";
import { Refused } from "./refused";

export const MANIFEST_LIMIT_BYTES = 16 * 1024 * 1024;
const ENTRIES_LIMIT = 4096;
const NAME_LIMIT_BYTES = 200;
const DIRECTORY_LIMIT_BYTES = 4 * 1024 * 1024;
const PIECE_BYTES = 4 * 1024 * 1024;
const NAME = /^(?!\.)[A-Za-z0-9._-]*[A-Za-z0-9_-](\/(?!\.)[A-Za-z0-9._-]*[A-Za-z0-9_-])*$/;

// APPNOTE.TXT 4.4: version 4.5 (ZIP64), UTF-8 names and a data descriptor, stored, 1980-01-01 00:00.
const VERSION = 45;
const FLAGS = 0x0808;
const DATE = 0x0021;
const UNKNOWN = 0xffffffff;
const LOCAL_BYTES = 30;
const LOCAL_EXTRA_BYTES = 20;
const DESCRIPTOR_BYTES = 24;
const CENTRAL_BYTES = 46;
const CENTRAL_EXTRA_BYTES = 28;
const END64_BYTES = 56;
const LOCATOR_BYTES = 20;
const END_BYTES = 22;
const TAIL_BYTES = END64_BYTES + LOCATOR_BYTES + END_BYTES;

/** How a package begins that left encrypted to the key of a service. */
const AGE = "age-encryption.org/v1";

const ascii = new TextEncoder();

/** One file of the package: where its content starts, its length in bytes, its CRC-32. */
export interface Entry {
  name: string;
  offset: number;
  size: number;
  crc: number;
}

/** Little-endian fields one after another: [width in bytes, value]. */
function packed(...fields: readonly (readonly [2 | 4 | 8, number])[]): Bytes {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [width]) => sum + width, 0)));
  let at = 0;
  for (const [width, value] of fields) {
    if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return new Uint8Array(view.buffer);
}

function headerOffset(entry: Entry): number {
  return entry.offset - LOCAL_BYTES - entry.name.length - LOCAL_EXTRA_BYTES;
}

function localHeader(name: string): Bytes {
  const head = packed(
    [4, 0x04034b50],
    ...([VERSION, FLAGS, 0, 0, DATE] as const).map((value) => [2, value] as const),
    ...([0, UNKNOWN, UNKNOWN] as const).map((value) => [4, value] as const),
    [2, name.length],
    [2, LOCAL_EXTRA_BYTES],
  );
  return concat(head, ascii.encode(name), packed([2, 1], [2, 16], [8, 0], [8, 0]));
}

function descriptor({ crc, size }: Entry): Bytes {
  return packed([4, 0x08074b50], [4, crc], [8, size], [8, size]);
}

function centralRecord(entry: Entry): Bytes {
  const head = packed(
    [4, 0x02014b50],
    ...([VERSION, VERSION, FLAGS, 0, 0, DATE] as const).map((value) => [2, value] as const),
    ...([entry.crc, UNKNOWN, UNKNOWN] as const).map((value) => [4, value] as const),
    ...([entry.name.length, CENTRAL_EXTRA_BYTES, 0, 0, 0] as const).map((value) => [2, value] as const),
    [4, 0],
    [4, UNKNOWN],
  );
  const extra = packed([2, 1], [2, 24], [8, entry.size], [8, entry.size], [8, headerOffset(entry)]);
  return concat(head, ascii.encode(entry.name), extra);
}

function directoryOf(entries: readonly Entry[], start: number): Bytes {
  const records = concat(...entries.map(centralRecord));
  const end64 = packed(
    [4, 0x06064b50],
    [8, END64_BYTES - 12],
    [2, VERSION],
    [2, VERSION],
    [4, 0],
    [4, 0],
    [8, entries.length],
    [8, entries.length],
    [8, records.length],
    [8, start],
  );
  const locator = packed([4, 0x07064b50], [4, 0], [8, start + records.length], [4, 1]);
  const end = packed(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, 0xffff],
    [2, 0xffff],
    [4, UNKNOWN],
    [4, UNKNOWN],
    [2, 0],
  );
  return concat(records, end64, locator, end);
}

function number64(view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Refused("directory-unreadable");
  return Number(value);
}

function entriesOf(directory: Bytes, fileSize: number): Entry[] {
  const view = new DataView(directory.buffer, directory.byteOffset, directory.byteLength);
  const entries: Entry[] = [];
  const names = new Set<string>();
  const folders = new Set<string>();
  const end = directory.length - TAIL_BYTES;
  let at = 0;
  while (at < end) {
    if (at + CENTRAL_BYTES > end || entries.length >= ENTRIES_LIMIT)
      throw new Refused("directory-unreadable");
    const nameEnd = at + CENTRAL_BYTES + view.getUint16(at + 28, true);
    const isRecord =
      view.getUint32(at, true) === 0x02014b50 && view.getUint16(at + 30, true) === CENTRAL_EXTRA_BYTES;
    if (!isRecord || nameEnd + CENTRAL_EXTRA_BYTES > end) throw new Refused("directory-unreadable");
    const name = String.fromCharCode(...directory.subarray(at + CENTRAL_BYTES, nameEnd));
    if (name.length > NAME_LIMIT_BYTES || !NAME.test(name))
      throw new Refused("impossible-name", { name: name.slice(0, 80) });
    // On a disk that does not tell case apart, two such names would be one place, as would a file and a folder.
    const folded = name.toLowerCase();
    const above = [...folded.matchAll(/\//g)].map(({ index }) => folded.slice(0, index));
    if (names.has(folded) || folders.has(folded) || above.some((folder) => names.has(folder)))
      throw new Refused("name-twice", { name });
    names.add(folded);
    for (const folder of above) folders.add(folder);
    const size = number64(view, nameEnd + 4);
    const offset = number64(view, nameEnd + 20) + LOCAL_BYTES + name.length + LOCAL_EXTRA_BYTES;
    if (offset + size > fileSize) throw new Refused("beyond-file", { name });
    entries.push({ name, offset, size, crc: view.getUint32(at + 16, true) });
    at = nameEnd + CENTRAL_EXTRA_BYTES;
  }
  return entries;
}

/** A container opened for reading; `entries` are in the order of the file. */
export class Container {
  #byName: Map<string, Entry>;

  private constructor(
    readonly file: Blob,
    readonly entries: readonly Entry[],
  ) {
    this.#byName = new Map(entries.map((entry) => [entry.name, entry]));
  }

  /** Reads the directory; `Refused` when the file is not a container in its one form, cut or with bytes added. */
  static async open(file: Blob): Promise<Container> {
    if ((await file.slice(0, AGE.length).text()) === AGE) throw new Refused("encrypted");
    if (file.size < TAIL_BYTES) throw new Refused("too-short");
    const tail = await read(file, file.size - TAIL_BYTES, TAIL_BYTES);
    const view = new DataView(tail.buffer);
    if (view.getUint32(0, true) !== 0x06064b50) throw new Refused("not-a-package");
    const [length, start] = [number64(view, 40), number64(view, 48)];
    if (length > DIRECTORY_LIMIT_BYTES || start + length !== file.size - TAIL_BYTES)
      throw new Refused("not-a-package");
    const directory = concat(await read(file, start, length), tail);
    const entries = entriesOf(directory, file.size);
    let at = 0;
    for (const entry of entries) {
      if (headerOffset(entry) !== at) throw new Refused("not-adjacent", { name: entry.name });
      at = entry.offset + entry.size + DESCRIPTOR_BYTES;
    }
    if (at !== start) throw new Refused("foreign-bytes");
    if (!equal(directoryOf(entries, start), directory)) throw new Refused("directory-altered");
    return new Container(file, entries);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Where an entry lies; `Refused` when it is missing. */
  entry(name: string): Entry {
    const found = this.#byName.get(name);
    if (found === undefined) throw new Refused("file-missing", { name });
    return found;
  }

  /** `length` bytes of an entry from `offset` on, fewer at its end. */
  piece(name: string, offset: number, length: number): Promise<Bytes> {
    const entry = this.entry(name);
    return read(this.file, entry.offset + offset, Math.max(0, Math.min(length, entry.size - offset)));
  }

  /** The same as a slice of the file: nothing is read. */
  slice(name: string, offset: number, length: number): Blob {
    const entry = this.entry(name);
    return this.file.slice(entry.offset + offset, entry.offset + Math.min(entry.size, offset + length));
  }

  /** A small entry whole; `Refused` when it is missing or larger than `limitBytes`. */
  async read(name: string, limitBytes: number): Promise<Bytes> {
    if (this.entry(name).size > limitBytes) throw new Refused("file-too-large", { name });
    return this.piece(name, 0, limitBytes);
  }

  /** An entry's content in pieces. */
  async *stream(name: string): AsyncGenerator<Bytes> {
    const { size } = this.entry(name);
    for (let at = 0; at < size; at += PIECE_BYTES) yield await this.piece(name, at, PIECE_BYTES);
  }

  /** What is wrong around an entry's content: its local header, its descriptor. */
  async frameProblem(entry: Entry): Promise<"header-altered" | "descriptor-altered" | undefined> {
    const expected = localHeader(entry.name);
    if (!equal(await read(this.file, headerOffset(entry), expected.length), expected))
      return "header-altered";
    const after = await read(this.file, entry.offset + entry.size, DESCRIPTOR_BYTES);
    return equal(after, descriptor(entry)) ? undefined : "descriptor-altered";
  }
}

async function read(file: Blob, from: number, length: number): Promise<Bytes> {
  const found = new Uint8Array(await file.slice(from, from + length).arrayBuffer());
  if (found.length !== length) throw new Refused("cut", { byte: from + found.length });
  return found;
}
