import { Trans } from "@lingui/react/macro";
import { Outlet, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import type { Session } from "../api/session";
import { setRoomOpen } from "../look/theme";
import { StepUpProvider, ToastProvider } from "../parts";
import { SessionProvider, useSession } from "../session/SessionContext";
import { SessionGuard } from "../session/SessionGuard";
import { AccountNotice } from "./AccountNotice";
import { Navigation } from "./Navigation";
import { TopBar } from "./TopBar";
import { useServerEvents } from "./useServerEvents";

const ROOM = ["/mur", "/relecture"];
/** Pages that are one decision: no navigation under the thumb. */
const BARE = ["/decision/"];

/** Everything a signed-in person sees around the page. */
export function AppLayout({ session }: { session: Session }) {
  return (
    <SessionProvider initial={session}>
      <ToastProvider>
        <StepUpProvider>
          <Frame />
          <SessionGuard />
        </StepUpProvider>
      </ToastProvider>
    </SessionProvider>
  );
}

function Frame() {
  useServerEvents(useSession().acting?.commune);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const room = ROOM.includes(path);
  const bare = BARE.some((start) => path.startsWith(start));
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => setRoomOpen(room), [room]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page moves the focus to its content
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    main.current?.focus();
    window.scrollTo(0, 0);
  }, [path]);
  const skip = (
    <a className="skip" href="#contenu">
      <Trans>Aller au contenu</Trans>
    </a>
  );
  return (
    <>
      {skip}
      <AccountNotice className="stack notices" />
      <div className={bare ? "bare" : room ? "app app-room" : "app"}>
        <TopBar />
        {bare ? null : <Navigation />}
        <main id="contenu" tabIndex={-1} ref={main} className={room || bare ? undefined : "page"}>
          <Outlet />
        </main>
      </div>
    </>
  );
}
