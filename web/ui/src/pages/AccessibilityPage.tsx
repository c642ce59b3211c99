import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { LanguageButton, ThemeButton } from "../shell/AccountMenu";
import { useTitle } from "../shell/Page";

/** The accessibility statement: what was checked, how, and what is not yet conformant. */
export function AccessibilityPage() {
  const { t } = useLingui();
  useTitle(t`Accessibilité`);
  return (
    <main className="pick" id="contenu" tabIndex={-1}>
      <div className="row row-between">
        <Link to="/">
          <Trans>Accueil</Trans>
        </Link>
        <span className="row">
          <LanguageButton />
          <ThemeButton />
        </span>
      </div>
      <h1>
        <Trans>Accessibilité : partiellement conforme</Trans>
      </h1>
      <p>
        <Trans>
          Guet vise le RGAA 4.1.2 et les WCAG 2.1 niveau AA. Cette déclaration porte sur les pages du service,
          dans les deux thèmes et les deux langues.
        </Trans>
      </p>
      <section className="card">
        <h2>
          <Trans>Ce qui est vérifié</Trans>
        </h2>
        <ul className="stack-s numbered">
          <li>
            <Trans>
              Chaque page et chaque état, par axe-core (règles WCAG 2.1 A et AA, RGAA 4) : aucune erreur.
            </Trans>
          </li>
          <li>
            <Trans>Le parcours demande, décision, extraction au clavier seul.</Trans>
          </li>
          <li>
            <Trans>
              Le texte à 200 %, l’écran de 320 points, les couleurs forcées, les animations réduites.
            </Trans>
          </li>
        </ul>
      </section>
      <section className="card">
        <h2>
          <Trans>Ce qui manque</Trans>
        </h2>
        <ul className="stack-s numbered">
          <li>
            <Trans>Aucun audit par des personnes concernées n’a encore eu lieu.</Trans>
          </li>
          <li>
            <Trans>
              Les images des caméras n’ont pas de description : leur lieu, leur état et leur heure sont dits
              en texte.
            </Trans>
          </li>
        </ul>
      </section>
      <p>
        <Trans>
          Un défaut vous empêche d’agir ? Dites-le à la personne qui habilite dans votre commune. Sans
          réponse, le Défenseur des droits peut être saisi.
        </Trans>
      </p>
    </main>
  );
}
