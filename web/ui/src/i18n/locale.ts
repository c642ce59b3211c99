/** The language of the page: French unless the person chose English. One choice per post, kept in the browser. */
import { i18n, type Messages } from "@lingui/core";
import { mapTexts } from "./messages";
import { typesetFrench } from "./typeset";

export type Locale = "fr" | "en";
/** "pseudo" wraps every catalogue string, so that a test sees what escaped the catalogues. */
export type LocaleChoice = Locale | "pseudo";

const STORAGE_KEY = "guet.langue";

function isChoice(value: string | null): value is LocaleChoice {
  return value === "fr" || value === "en" || value === "pseudo";
}

/** The language asked by the address (`?langue=en`), else the stored one, else French. */
export function chosenLocale(search: string = window.location.search): LocaleChoice {
  const asked = new URLSearchParams(search).get("langue");
  if (isChoice(asked)) return asked;
  const stored = window.localStorage.getItem(STORAGE_KEY);
  return isChoice(stored) ? stored : "fr";
}

async function catalogue(locale: Locale): Promise<Messages> {
  if (locale === "en") {
    const [office, room] = await Promise.all([
      import("../locales/en/office.po"),
      import("../locales/en/room.po"),
    ]);
    return { ...office.messages, ...room.messages };
  }
  const [office, room] = await Promise.all([
    import("../locales/fr/office.po"),
    import("../locales/fr/room.po"),
  ]);
  return { ...office.messages, ...room.messages };
}

/** Loads the catalogue, activates it and sets `<html lang>`. */
export async function activateLocale(choice: LocaleChoice): Promise<void> {
  const locale: Locale = choice === "en" ? "en" : "fr";
  let messages = await catalogue(locale);
  if (locale === "fr") messages = mapTexts(messages, typesetFrench);
  if (choice === "pseudo") {
    const { pseudoMessages } = await import("./pseudo");
    messages = pseudoMessages(messages);
  }
  i18n.loadAndActivate({ locale, messages });
  document.documentElement.lang = locale;
}

/** Remembers the person's choice on this post and applies it. */
export async function chooseLocale(choice: LocaleChoice): Promise<void> {
  window.localStorage.setItem(STORAGE_KEY, choice);
  await activateLocale(choice);
}

/** The BCP 47 tag for `Intl`, from the active language. */
export function intlLocale(): string {
  return i18n.locale === "en" ? "en-GB" : "fr-FR";
}
