import { Trans, useLingui } from "@lingui/react/macro";
import { useRouterState } from "@tanstack/react-router";
import { useEffect } from "react";
import { RULES } from "../parts/rules";
import { useTitle } from "../shell/Page";

/** Each rule that a page or a refusal may name, with its article and one sentence in our words. */
export function RulesPage() {
  const { t, i18n } = useLingui();
  useTitle(t`Règles`);
  const hash = useRouterState({ select: (state) => state.location.hash });
  useEffect(() => {
    const row = document.getElementById(hash);
    row?.scrollIntoView({ block: "center" });
    row?.focus({ preventScroll: true });
  }, [hash]);
  return (
    <main className="pick" id="contenu" tabIndex={-1}>
      <div className="stack-s">
        <button type="button" className="linklike" onClick={() => window.history.back()}>
          <Trans>Revenir à la page</Trans>
        </button>
        <h1>
          <Trans>Les règles que Guet applique</Trans>
        </h1>
        <p className="dim">
          <Trans>
            Chaque refus nomme la sienne. Ce sont nos mots, pas ceux de la loi : en cas de doute, lisez
            l’article.
          </Trans>
        </p>
      </div>
      <dl className="rules">
        {RULES.map((rule) => (
          <div
            key={rule.id}
            id={rule.id}
            tabIndex={-1}
            className={rule.id === hash ? "card card-s is-target" : "card card-s"}
          >
            <dt className="row">
              <b className="strong">
                <Trans>Règle {rule.id}</Trans>
              </b>
              <span className="tag">{rule.article}</span>
            </dt>
            <dd>{i18n._(rule.sentence)}</dd>
          </div>
        ))}
      </dl>
    </main>
  );
}
