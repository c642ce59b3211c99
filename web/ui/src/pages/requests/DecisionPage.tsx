/** To come. */
export function DecisionPage() {
  return null;
}
