import { useLingui } from "@lingui/react/macro";
import { causeWords } from "../pages/cameras/words";
import { PACKAGE_CAUSES } from "./words";

/** The words of an absence's cause; one that is not known is shown as it came. */
export function useCause(): (cause: string) => string {
  const { i18n } = useLingui();
  return (cause) => {
    const words = PACKAGE_CAUSES[cause] ?? causeWords(cause);
    return typeof words === "string" ? words : i18n._(words);
  };
}
