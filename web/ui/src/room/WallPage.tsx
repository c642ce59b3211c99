/** To come. */
export function WallPage() {
  return null;
}
