/** French typography: what must not be parted from its word at the end of a line is bound to it. */

const NO_BREAK = "\u00a0";
const NARROW_NO_BREAK = "\u202f";

/** No-break space before a colon and inside guillemets, narrow before ; ? ! %, and in "n° 12". */
export function typesetFrench(text: string): string {
  return text
    .replace(/ (?=[:»])/g, NO_BREAK)
    .replace(/« /g, `«${NO_BREAK}`)
    .replace(/ (?=[;?!%])/g, NARROW_NO_BREAK)
    .replace(/(n°) /g, `$1${NO_BREAK}`);
}
