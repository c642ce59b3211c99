/** To come. */
export function DeclarePage() {
  return null;
}
