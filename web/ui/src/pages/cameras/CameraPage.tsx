/** To come. */
export function CameraPage() {
  return null;
}
