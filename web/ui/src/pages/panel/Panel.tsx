import type { PanelCode } from "../../api/panel";
import type { PublicPage } from "../../api/public";
import { Pictogram } from "./Pictogram";

export type Format = "a4" | "a3";

/** With more text than this the panel takes its smaller type; nothing is ever cut. */
const ROOMY_CHARS = 800;

interface PanelProps {
  told: PublicPage;
  panel: PanelCode;
  format: Format;
}

/**
 * The panel itself: pictogram, who answers, for what, how long, which rights (R253-6). It stands in a French street,
 * so its words are French whatever the language of the page that prints it.
 */
export function Panel({ told, panel, format }: PanelProps) {
  const days = Math.max(...told.orders.map((order) => order.max_days));
  const words = [told.controller, told.officer, told.rights, ...told.purposes.map((purpose) => purpose.fr)];
  const full = words.join(" ").length > ROOMY_CHARS;
  return (
    <article className={`panel panel-page panel-${format}${full ? " panel-full" : ""}`} lang="fr">
      <div className="panel-in">
        <header className="panel-head">
          <Pictogram />
          <div>
            <h2>Vidéo&shy;protection</h2>
            <p>{told.name}</p>
          </div>
        </header>
        <p className="panel-lead">
          Cet espace est filmé par la commune. Sans son, sans reconnaissance des visages ni lecture des
          plaques.
        </p>
        <div className="panel-body">
          <section>
            <h3>Responsable</h3>
            <p>{told.controller}</p>
          </section>
          <section>
            <h3>Finalités</h3>
            <ul>
              {told.purposes.map((purpose) => (
                <li key={purpose.id}>{purpose.fr}</li>
              ))}
            </ul>
          </section>
          <section>
            <h3>Conservation</h3>
            <p>
              {days} {days === 1 ? "jour" : "jours"} au plus, puis destruction automatique.
            </p>
          </section>
          <section>
            <h3>Vos droits</h3>
            <p>
              Demander à voir les images où vous paraissez, leur rectification, leur effacement ou la
              limitation de leur usage ; saisir la CNIL (cnil.fr). {told.rights}
            </p>
            {told.officer ? <p>Délégué à la protection des données : {told.officer}</p> : null}
          </section>
        </div>
        <footer className="panel-foot">
          {panel.code ? <img src={panel.code} alt={`Code à lire : ${panel.address}`} /> : <span />}
          <p>
            {panel.address ? (
              <>
                Toute l’information : <b>{panel.address}</b>
              </>
            ) : null}
            <small>
              Code de la sécurité intérieure, articles L251-1 à L255-1 et R253-6.{" "}
              {told.orders
                .map(
                  (order) => `Arrêté préfectoral ${order.reference.replace(/^arrêté( préfectoral)? /i, "")}.`,
                )
                .join(" ")}
            </small>
          </p>
        </footer>
      </div>
    </article>
  );
}
