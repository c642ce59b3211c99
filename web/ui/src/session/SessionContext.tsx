import { useQuery } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useMemo } from "react";
import { type Acting, type Role, type Session, sessionQuery } from "../api/session";
import { nowUs } from "../i18n/format";

interface SessionValue {
  session: Session;
  /** False once the session has ended: pictures must be blanked. */
  alive: boolean;
}

const SessionContext = createContext<SessionValue | null>(null);

/** Gives the pages under it the signed-in session. `initial` was read before the page was entered. */
export function SessionProvider({ initial, children }: { initial: Session; children: ReactNode }) {
  const { data } = useQuery({ ...sessionQuery, refetchInterval: 30_000 });
  // A 401 makes `data` null: the last known session stays, so that what was typed stays on screen.
  const session = data ?? initial;
  const alive = data !== null && endOf(session) > nowUs();
  const value = useMemo(() => ({ session, alive }), [session, alive]);
  return <SessionContext value={value}>{children}</SessionContext>;
}

/** When the session ends if nothing is done, µs UTC. */
export function endOf(session: Session): number {
  return Math.min(session.expires_us, session.idle_expires_us);
}

function useValue(): SessionValue {
  const value = useContext(SessionContext);
  if (!value) throw new Error("useSession outside SessionProvider");
  return value;
}

/** The signed-in session. */
export function useSession(): Session {
  return useValue().session;
}

/** The signed-in session, or null on a page that stands outside the shell. */
export function useMaybeSession(): Session | null {
  return useContext(SessionContext)?.session ?? null;
}

/** False once the session has ended: blank every picture, drop keys and buffers. */
export function useSessionAlive(): boolean {
  return useValue().alive;
}

/** The commune of authority, role, purpose and motive of this session (P-62). Only under the app layout. */
export function useActing(): Acting {
  const { acting } = useSession();
  if (!acting) throw new Error("useActing before a commune was chosen");
  return acting;
}

/** Whether the role acted with is one of these. The server decides; this only hides what can never be done. */
export function useRole(...roles: Role[]): boolean {
  const { acting } = useSession();
  return acting !== null && roles.includes(acting.role);
}
