/** To come. */
export function ToDecidePage() {
  return null;
}
