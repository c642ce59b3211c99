/** To come. */
export function RequestPage() {
  return null;
}
