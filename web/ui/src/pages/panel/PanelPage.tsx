import "./panel.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { Printer } from "lucide-react";
import { useState } from "react";
import { panelQuery } from "../../api/panel";
import { type PublicPage, publicPageQuery } from "../../api/public";
import { Button } from "../../parts/Button";
import { Choices } from "../../parts/Field";
import { Note } from "../../parts/Note";
import { QueryView } from "../../parts/QueryView";
import { RuleTag } from "../../parts/RuleTag";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { OutsidePage } from "../../shell/OutsidePage";
import { type Format, Panel } from "./Panel";

/** The street panel of a commune, to print: made of what its public page says, nothing else (P-80). */
export function PanelPage() {
  const { t } = useLingui();
  const { commune } = useParams({ from: "/information/$commune/panneau" });
  const told = useQuery(publicPageQuery(commune));
  return (
    <OutsidePage
      title={t`Panneau d’information`}
      acts={
        <>
          <LanguageButton />
          <ThemeButton />
        </>
      }
    >
      <div className="stack-s">
        <h1>
          <Trans>Panneau d’information à imprimer</Trans>
        </h1>
        <p className="dim">
          <Trans>
            À poser là où l’on entre dans le champ, avant de filmer. Il reprend ce que dit la page publique.
          </Trans>{" "}
          <RuleTag rule="P-80" />
        </p>
      </div>
      <QueryView query={told}>{(page) => <Printable told={page} />}</QueryView>
    </OutsidePage>
  );
}

/** A panel that lacks what the law wants on it is not offered. */
function Printable({ told }: { told: PublicPage }) {
  const { t } = useLingui();
  const panel = useQuery(panelQuery(told.commune));
  const [format, setFormat] = useState<Format>("a4");
  const lacking = [
    told.controller ? "" : t`le responsable`,
    told.rights ? "" : t`où exercer ses droits`,
    told.orders.length > 0 ? "" : t`un arrêté en vigueur, avec ses finalités`,
  ].filter(Boolean);
  if (lacking.length > 0) {
    const list = lacking.join(", ");
    return (
      <Note kind="warn" title={<Trans>Il manque au panneau : {list}.</Trans>}>
        <Link to="/autorisation">
          <Trans>Renseignez-le à la page Autorisation.</Trans>
        </Link>
      </Note>
    );
  }
  return (
    <QueryView query={panel}>
      {(code) => (
        <>
          {code.address ? null : (
            <Note kind="warn" title={<Trans>L’adresse publique du service n’est pas réglée.</Trans>}>
              <Trans>
                Le panneau reste valable, sans code à lire. L’hébergeur la règle par VMS_PUBLIC_URL.
              </Trans>
            </Note>
          )}
          <div className="row row-between">
            <Choices
              legend={<Trans>Format</Trans>}
              name="format"
              columns
              value={format}
              onChange={setFormat}
              choices={[
                { value: "a4", label: "A4", detail: <Trans>à hauteur des yeux</Trans> },
                { value: "a3", label: "A3", detail: <Trans>lu à quelques mètres</Trans> },
              ]}
            />
            <Button kind="primary" icon={Printer} onClick={() => window.print()}>
              <Trans>Imprimer</Trans>
            </Button>
          </div>
          <Panel told={told} panel={code} format={format} />
        </>
      )}
    </QueryView>
  );
}
