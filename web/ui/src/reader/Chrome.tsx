import { Trans, useLingui } from "@lingui/react/macro";
import { FolderOpen, Keyboard, Moon, Sun } from "lucide-react";
import { useState } from "react";
import type { Locale } from "../i18n/locale";
import { speak } from "./locale";

interface ChromeProps {
  commune: string | undefined;
  name: string | undefined;
  onOther: (() => void) | undefined;
  onHelp: () => void;
}

/** The band above everything: what this is, whose package is open, language, theme. */
export function Chrome({ commune, name, onOther, onHelp }: ChromeProps) {
  const { t, i18n } = useLingui();
  const [theme, setTheme] = useState(() => document.documentElement.dataset.theme ?? "light");
  const other: Locale = i18n.locale === "en" ? "fr" : "en";
  const turn = (): void => {
    const next = theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    setTheme(next);
  };
  return (
    <header className="reader-top">
      <Mark />
      <p className="reader-name">
        <b>
          <Trans>Lecteur de preuve</Trans>
        </b>
        {commune === undefined ? null : (
          <span className="dim">
            {commune} <span className="hide-s">· {name}</span>
          </span>
        )}
      </p>
      <span className="push" />
      {onOther === undefined ? null : (
        <button type="button" className="btn btn-s" onClick={onOther}>
          <FolderOpen className="ic" aria-hidden />
          <span className="hide-s">
            <Trans>Autre paquet</Trans>
          </span>
          <span className="vh only-narrow">
            <Trans>Autre paquet</Trans>
          </span>
        </button>
      )}
      <button
        type="button"
        className="btn btn-s btn-i"
        aria-label={t`Touches du clavier (?)`}
        onClick={onHelp}
      >
        <Keyboard className="ic" aria-hidden />
      </button>
      <button
        type="button"
        className="btn btn-s"
        lang={other}
        aria-label={other === "en" ? "EN, English" : "FR, français"}
        onClick={() => speak(other)}
      >
        {other.toUpperCase()}
      </button>
      <button
        type="button"
        className="btn btn-s btn-i"
        aria-label={theme === "dark" ? t`Thème clair` : t`Thème sombre`}
        onClick={turn}
      >
        {theme === "dark" ? <Sun className="ic" aria-hidden /> : <Moon className="ic" aria-hidden />}
      </button>
    </header>
  );
}

/** Guet's mark: a watchtower with its light. */
function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M5 4h3v2h2V4h4v2h2V4h3v6H5z M7 11h10l1 10H6z" className="mark-tower" />
      <rect x="10.5" y="14" width="3" height="4" rx="1" className="mark-light" />
    </svg>
  );
}
