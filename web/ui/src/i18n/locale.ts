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

/** The words of the pages that nobody opens first are here once one of them was (`loadPapers`). */
let papersWanted = false;
let active: LocaleChoice = "fr";

async function catalogue(locale: Locale): Promise<Messages> {
  const english = locale === "en";
  const parts = await Promise.all([
    english ? import("../locales/en/office.po") : import("../locales/fr/office.po"),
    english ? import("../locales/en/room.po") : import("../locales/fr/room.po"),
    ...(papersWanted
      ? [english ? import("../locales/en/papers.po") : import("../locales/fr/papers.po")]
      : []),
  ]);
  return Object.assign({}, ...parts.map(({ messages }) => messages)) as Messages;
}

/** Fetches the words of the papers too; before one of their pages is shown. */
export async function loadPapers(): Promise<void> {
  if (papersWanted) return;
  papersWanted = true;
  await activateLocale(active);
}

/** Loads the catalogue, activates it and sets `<html lang>`. */
export async function activateLocale(choice: LocaleChoice): Promise<void> {
  active = choice;
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
