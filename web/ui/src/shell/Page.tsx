import { useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { MotiveChip } from "./MotiveChip";

interface PageHeadProps {
  /** Title of the page and of the browser's tab. */
  title: string;
  state?: ReactNode;
  lead?: ReactNode;
  acts?: ReactNode;
  /** The page above this one. */
  above?: { to: string; word: string; here: string };
}

/** Names the browser's tab after the page. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} – Guet`;
  }, [title]);
}

/** The head of an office page: way back, title, one sentence, acts. */
export function PageHead({ title, state, lead, acts, above }: PageHeadProps) {
  const { t } = useLingui();
  useTitle(title);
  return (
    <div className="page-head">
      <div className="stack-s">
        {above ? (
          <nav className="crumb" aria-label={t`Fil d’Ariane`}>
            <Link to={above.to}>{above.word}</Link>
            <ChevronRight className="ic" aria-hidden />
            <span>{above.here}</span>
          </nav>
        ) : null}
        <div className="row">
          <h1>{title}</h1>
          {state}
        </div>
        {lead ? <p>{lead}</p> : null}
      </div>
      {acts ? <div className="acts">{acts}</div> : null}
      <MotiveChip className="only-s" />
    </div>
  );
}
