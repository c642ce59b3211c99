import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link, useRouterState } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import { useState } from "react";
import { emergenciesQuery } from "../api/emergencies";
import { pendingQuery } from "../api/requests";
import { Button, Dialog } from "../parts";
import { useActing } from "../session/SessionContext";
import { type Entry, NAVIGATION } from "./navigation";

/** How many entries the phone's bar shows before "Plus". */
const PHONE_ENTRIES = 4;

function isCurrent(entry: Entry, path: string): boolean {
  return path === entry.to || path.startsWith(`${entry.to}/`);
}

function NavigationLink({ entry, path, onFollow }: { entry: Entry; path: string; onFollow?: () => void }) {
  const { i18n, t } = useLingui();
  const acting = useActing();
  const pending = useQuery({ ...pendingQuery(acting.commune, acting.role), enabled: Boolean(entry.counts) });
  const count = entry.counts ? (pending.data ?? 0) : 0;
  const Icon = entry.icon;
  return (
    <Link to={entry.to} aria-current={isCurrent(entry, path) ? "page" : undefined} onClick={onFollow}>
      <Icon className="ic" aria-hidden />
      {i18n._(entry.word)}
      {count > 0 ? (
        <span className="n">
          {count}
          <span className="vh"> {t`en attente`}</span>
        </span>
      ) : null}
    </Link>
  );
}

/** How long a designation may be read late, in ms: it counts only a day after. */
const NAMED_STALE_MS = 600_000;

/** The entries of the role, those for named persons once the server says that this one is. */
function useEntries(): readonly Entry[] {
  const { commune, role } = useActing();
  const entries = NAVIGATION[role];
  const enabled = entries.some((entry) => entry.named);
  const query = {
    ...emergenciesQuery(commune),
    enabled,
    refetchInterval: false as const,
    staleTime: NAMED_STALE_MS,
  };
  const named = useQuery(query).data?.named ?? false;
  return named ? entries : entries.filter((entry) => !entry.named);
}

/** The entries of the role acted with; a bar at the thumb on a phone. */
export function Navigation() {
  const { t } = useLingui();
  const entries = useEntries();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [more, setMore] = useState(false);
  const rest = entries.slice(PHONE_ENTRIES);
  return (
    <nav className="nav" aria-label={t`Navigation principale`}>
      <ul>
        {entries.map((entry) => (
          <li key={entry.to}>
            <NavigationLink entry={entry} path={path} />
          </li>
        ))}
        {rest.length > 0 ? (
          <li className="only-s">
            <Button
              kind="quiet"
              className="nav-more"
              icon={Ellipsis}
              aria-expanded={more}
              onClick={() => setMore(true)}
            >
              <Trans>Plus</Trans>
            </Button>
          </li>
        ) : null}
      </ul>
      <Dialog open={more} onClose={() => setMore(false)} sheet title={<Trans>Autres pages</Trans>}>
        <ul className="stack-s nav-rest">
          {rest.map((entry) => (
            <li key={entry.to}>
              <NavigationLink entry={entry} path={path} onFollow={() => setMore(false)} />
            </li>
          ))}
        </ul>
      </Dialog>
    </nav>
  );
}
