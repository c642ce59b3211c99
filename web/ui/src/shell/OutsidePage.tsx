import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { Brand } from "../parts/Marks";
import { useTitle } from "./Page";

interface OutsidePageProps {
  /** Title of the browser's tab. */
  title: string;
  /** At the end of the first line: language, theme, leaving. */
  acts: ReactNode;
  children: ReactNode;
}

/** A page outside the work for a commune: the mark, what may be done from here, and one column. */
export function OutsidePage({ title, acts, children }: OutsidePageProps) {
  useTitle(title);
  return (
    <>
      <a className="skip" href="#contenu">
        <Trans>Aller au contenu</Trans>
      </a>
      <main className="pick" id="contenu" tabIndex={-1}>
        <div className="row">
          <span className="brand">
            <Brand />
          </span>
          <span className="push row">{acts}</span>
        </div>
        {children}
      </main>
    </>
  );
}
