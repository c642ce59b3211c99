import { useLingui } from "@lingui/react/macro";
import { causeWords } from "../pages/cameras/words";

/** The words of an absence's cause, in the language of the page. */
export function useCauseWords(): (cause: string) => string {
  const { i18n } = useLingui();
  return (cause) => {
    const words = causeWords(cause);
    return typeof words === "string" ? words : i18n._(words);
  };
}
