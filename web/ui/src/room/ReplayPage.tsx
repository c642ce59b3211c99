/** To come. */
export function ReplayPage() {
  return null;
}
