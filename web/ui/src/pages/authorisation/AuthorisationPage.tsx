/** To come. */
export function AuthorisationPage() {
  return null;
}
