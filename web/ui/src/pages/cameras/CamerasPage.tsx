/** To come. */
export function CamerasPage() {
  return null;
}
