import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { publicPageQuery, type PublicPage as Told } from "../../api/public";
import { formatDate } from "../../i18n/format";
import { buttonClass } from "../../parts/Button";
import { Card, Facts } from "../../parts/Card";
import { Note } from "../../parts/Note";
import { QueryView } from "../../parts/QueryView";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { OutsidePage } from "../../shell/OutsidePage";

/** What a commune tells everyone of its cameras; the panel in the street leads here (P-28, P-80, P-81). */
export function PublicPage() {
  const { t } = useLingui();
  const { commune } = useParams({ from: "/information/$commune" });
  const query = useQuery(publicPageQuery(commune));
  return (
    <OutsidePage
      title={t`Vidéoprotection, information du public`}
      acts={
        <>
          <LanguageButton />
          <ThemeButton />
        </>
      }
    >
      <QueryView query={query}>{(told) => <Sections told={told} />}</QueryView>
    </OutsidePage>
  );
}

function Sections({ told }: { told: Told }) {
  const { t, i18n } = useLingui();
  const words = (one: { fr: string; en: string }): string => (i18n.locale === "fr" ? one.fr : one.en);
  const recipients = [...new Set(told.orders.flatMap((order) => order.recipients.map(words)))];
  return (
    <>
      <div className="stack-s">
        <h1>
          <Trans>Vidéoprotection à {told.name}</Trans>
        </h1>
        <p className="dim">
          <Plural
            value={told.cameras}
            _0="Aucune caméra n’est en service."
            one="# caméra est en service sur la voie publique."
            other="# caméras sont en service sur la voie publique."
          />{" "}
          <Trans>Sans son, sans reconnaissance des visages ni lecture des plaques.</Trans>
        </p>
      </div>
      <Card title={<Trans>Qui en répond</Trans>}>
        <Facts
          items={[
            { label: t`Responsable`, value: told.controller || t`Le maire de ${told.name}` },
            { label: t`Protection des données`, value: told.officer || t`À demander à la mairie` },
            told.cnil_reference ? { label: t`Engagement CNIL`, value: told.cnil_reference } : null,
          ]}
        />
      </Card>
      <Card title={<Trans>Pour quoi</Trans>}>
        {told.orders.length === 0 ? (
          <Note kind="off" title={<Trans>Aucune autorisation n’est en vigueur : rien n’est filmé.</Trans>} />
        ) : (
          <ul className="stack-s">
            {told.purposes.map((purpose) => (
              <li key={purpose.id}>{words(purpose)}</li>
            ))}
          </ul>
        )}
        {told.orders.map((order) => (
          <Facts
            key={order.reference}
            items={[
              { label: t`Autorisation`, value: `${order.reference}, ${order.prefect}` },
              { label: t`Valable`, value: `${formatDate(order.from_us)} → ${formatDate(order.until_us)}` },
              {
                label: t`Conservation`,
                value: (
                  <Plural
                    value={order.max_days}
                    one="# jour au plus, puis destruction"
                    other="# jours au plus, puis destruction"
                  />
                ),
              },
            ]}
          />
        ))}
        {recipients.length > 0 ? (
          <Facts items={[{ label: t`Services destinataires`, value: recipients.join(", ") }]} />
        ) : null}
      </Card>
      <Card title={<Trans>Vos droits</Trans>}>
        <p>
          <Trans>
            Vous pouvez demander à voir les images où vous paraissez, à les faire rectifier, limiter ou
            effacer. Dites le lieu, le jour et l’heure : la plage est gelée le temps de vous répondre, en un
            mois au plus. La loi ne prévoit pas de droit d’opposition.
          </Trans>
        </p>
        <div className="row">
          <Link
            className={buttonClass({ kind: "primary" })}
            to="/information/$commune/demande"
            params={{ commune: told.commune }}
          >
            <Trans>Faire une demande</Trans>
          </Link>
          <Link className={buttonClass()} to="/information/$commune/suivi" params={{ commune: told.commune }}>
            <Trans>Suivre ma demande</Trans>
          </Link>
        </div>
        <Facts items={[{ label: t`Où et quand`, value: told.rights || t`À l’accueil de la mairie` }]} />
        <p className="small dim">
          <Trans>
            Sans réponse, ou en cas de refus, vous pouvez saisir la CNIL, ou la commission départementale de
            vidéoprotection.
          </Trans>
        </p>
      </Card>
    </>
  );
}
