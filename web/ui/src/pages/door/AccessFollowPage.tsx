import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { type FollowedAccess, followAccess, publicPageQuery } from "../../api/public";
import { formatDate } from "../../i18n/format";
import { Button } from "../../parts/Button";
import { Card, Facts } from "../../parts/Card";
import { TextField } from "../../parts/Field";
import { QueryView } from "../../parts/QueryView";
import { Refusal } from "../../parts/Refusal";
import { useAttempt } from "../../parts/useAttempt";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { OutsidePage } from "../../shell/OutsidePage";
import { FOLLOWED, RIGHTS } from "./accessWords";
import { BackToPublicPage } from "./BackToPublicPage";

/** The state of a filmed person's request, in words, to whoever has its code (P-85). */
export function AccessFollowPage() {
  const { t } = useLingui();
  const { commune } = useParams({ from: "/information/$commune/suivi" });
  const query = useQuery(publicPageQuery(commune));
  return (
    <OutsidePage
      title={t`Suivre ma demande`}
      acts={
        <>
          <LanguageButton />
          <ThemeButton />
        </>
      }
    >
      <QueryView query={query}>
        {(told) => (
          <>
            <h1>
              <Trans>Suivre ma demande à {told.name}</Trans>
            </h1>
            <Follow commune={told.commune} />
            <BackToPublicPage commune={told.commune} />
          </>
        )}
      </QueryView>
    </OutsidePage>
  );
}

function Follow({ commune }: { commune: string }) {
  const { t } = useLingui();
  const [code, setCode] = useState("");
  const [found, setFound] = useState<FollowedAccess | null>(null);
  const [missing, setMissing] = useState(false);
  const { busy, error, attempt } = useAttempt();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setMissing(code.trim() === "");
    if (code.trim() === "") return;
    setFound(null);
    await attempt(async () => {
      setFound(await followAccess(commune, code.trim()));
    });
  };
  return (
    <>
      <form className="stack" noValidate onSubmit={(event) => void submit(event)}>
        <TextField
          label={t`Code de suivi`}
          name="code"
          value={code}
          onChange={(event) => setCode(event.target.value)}
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          maxLength={60}
          help={t`Six groupes de quatre caractères, donnés à l’envoi de la demande.`}
          error={missing ? t`Donnez le code.` : null}
        />
        {error ? <Refusal error={error} /> : null}
        <Button kind="primary" size="l" wide type="submit" busy={busy}>
          <Trans>Voir où en est la demande</Trans>
        </Button>
      </form>
      {found ? <Found found={found} /> : null}
    </>
  );
}

function Found({ found }: { found: FollowedAccess }) {
  const { t, i18n } = useLingui();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), []);
  const waits = ["filed", "registered", "queried"].includes(found.state);
  return (
    <div ref={place} tabIndex={-1}>
      <Card title={<Trans>Demande {found.number}</Trans>}>
        <p className="strong" role="status">
          {i18n._(FOLLOWED[found.state])}
        </p>
        <Facts
          items={[
            { label: t`Demande`, value: i18n._(RIGHTS[found.right].word) },
            { label: t`Reçue le`, value: formatDate(found.filed_us) },
            found.state === "filed"
              ? { label: t`Au guichet avant le`, value: formatDate(found.identity_by_us) }
              : null,
            waits ? { label: t`Réponse au plus tard le`, value: formatDate(found.answer_by_us) } : null,
            found.extension
              ? {
                  label: t`Délai prolongé`,
                  value:
                    found.extension === "complexity" ? t`Complexité de la demande` : t`Nombre de demandes`,
                }
              : null,
            waits ? { label: t`Images`, value: found.held ? t`gelées` : t`non gelées` } : null,
            found.decided_us ? { label: t`Décidée le`, value: formatDate(found.decided_us) } : null,
          ]}
        />
      </Card>
    </div>
  );
}
