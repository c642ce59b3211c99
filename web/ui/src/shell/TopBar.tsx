import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { ChevronDown } from "lucide-react";
import { formatLong } from "../i18n/format";
import { Brand, Crest, useNow } from "../parts";
import { useSession } from "../session/SessionContext";
import { AccountMenu } from "./AccountMenu";
import { MotiveChip } from "./MotiveChip";

/** Whose images, and why: always on screen, never abbreviated (P-02, P-62). */
export function TopBar() {
  const { t } = useLingui();
  const { acting } = useSession();
  const now = useNow(10_000);
  return (
    <header className="top">
      <Link className="brand" to="/" aria-label={t`Guet, accueil`}>
        <Brand />
      </Link>
      {acting ? (
        <Link className="auth" to="/commune">
          <Crest commune={acting.commune} />
          <span>
            <small>
              <Trans>Autorité</Trans>
            </small>
            <b>{acting.name || acting.commune}</b>
          </span>
          <ChevronDown className="ic" aria-hidden />
          <span className="vh">
            <Trans>changer de commune ou de motif</Trans>
          </span>
        </Link>
      ) : null}
      {acting?.purpose ? <MotiveChip className="hide-s" /> : null}
      <div className="who">
        <time className="now hide-s" dateTime={new Date(now / 1000).toISOString()}>
          {formatLong(now)}
        </time>
        <AccountMenu />
      </div>
    </header>
  );
}

export { MotiveChip } from "./MotiveChip";
