import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { Accessibility, KeyRound, Languages, LogOut, Moon, Sun, UserRound } from "lucide-react";
import { type FocusEvent, type KeyboardEvent, useId, useRef, useState } from "react";
import { chooseLocale } from "../i18n/locale";
import { chooseTheme, useTheme } from "../look/theme";
import { Button, buttonClass } from "../parts";
import { ROLE_WORDS } from "../session/roles";
import { useSession } from "../session/SessionContext";
import { useLeave } from "../session/SessionGuard";

/** Who is signed in, the theme, the language, the way out. A disclosure: Escape closes it. */
export function AccountMenu() {
  const { i18n } = useLingui();
  const { person, acting } = useSession();
  const [open, setOpen] = useState(false);
  const panel = useId();
  const trigger = useRef<HTMLButtonElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !open) return;
    setOpen(false);
    trigger.current?.focus();
  };
  const onBlur = (event: FocusEvent<HTMLDivElement>) => {
    if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) setOpen(false);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape and blur of what is inside
    <div className="account" onKeyDown={onKeyDown} onBlur={onBlur}>
      <Button
        ref={trigger}
        kind="quiet"
        size="s"
        icon={UserRound}
        aria-expanded={open}
        aria-controls={panel}
        onClick={() => setOpen(!open)}
      >
        <span className="hide-s">{person.label}</span>
        <span className="vh">
          {" "}
          <Trans>menu du compte</Trans>
        </span>
      </Button>
      <div id={panel} className="account-panel card card-s" hidden={!open}>
        <p>
          <b className="strong">{person.label}</b>
          <br />
          <span className="small dim">{acting ? i18n._(ROLE_WORDS[acting.role]) : person.login}</span>
        </p>
        <ThemeButton />
        <LanguageButton />
        <Link className={buttonClass({ kind: "quiet", size: "s" })} to="/compte">
          <KeyRound className="ic" aria-hidden />
          <Trans>Mon compte</Trans>
        </Link>
        <Link className={buttonClass({ kind: "quiet", size: "s" })} to="/accessibilite">
          <Accessibility className="ic" aria-hidden />
          <Trans>Accessibilité</Trans>
        </Link>
        <LeaveEntry />
      </div>
    </div>
  );
}

/** Turns to the other theme; the choice is kept on this post. */
export function ThemeButton() {
  const theme = useTheme();
  const other = theme === "light" ? "dark" : "light";
  return (
    <Button kind="quiet" size="s" icon={other === "dark" ? Moon : Sun} onClick={() => chooseTheme(other)}>
      {other === "dark" ? <Trans>Passer au thème sombre</Trans> : <Trans>Passer au thème clair</Trans>}
    </Button>
  );
}

/** Turns to the other language, named in itself. */
export function LanguageButton() {
  const { i18n } = useLingui();
  const other = i18n.locale === "en" ? "fr" : "en";
  return (
    <Button kind="quiet" size="s" icon={Languages} lang={other} onClick={() => void chooseLocale(other)}>
      {other === "en" ? "English" : "Français"}
    </Button>
  );
}

function LeaveEntry() {
  const leave = useLeave();
  return (
    <Button kind="quiet" size="s" icon={LogOut} onClick={() => void leave()}>
      <Trans>Se déconnecter</Trans>
    </Button>
  );
}
