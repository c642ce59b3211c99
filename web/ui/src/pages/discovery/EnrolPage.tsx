/** To come. */
export function EnrolPage() {
  return null;
}
