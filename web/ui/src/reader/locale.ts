/** The reader's two languages, both inside the file: French first, English at the person's choice. */
import { i18n, type Messages } from "@lingui/core";
import type { Locale } from "../i18n/locale";
import { mapTexts } from "../i18n/messages";
import { typesetFrench } from "../i18n/typeset";
import { messages as english } from "../locales/en/reader.po";
import { messages as french } from "../locales/fr/reader.po";

const CATALOGUES: Record<Locale, Messages> = { fr: mapTexts(french, typesetFrench), en: english };

/** Shows the page in a language. Nothing is stored: the reader leaves no trace on the computer. */
export function speak(locale: Locale): void {
  i18n.loadAndActivate({ locale, messages: CATALOGUES[locale] });
  document.documentElement.lang = locale;
}
