import { Trans, useLingui } from "@lingui/react/macro";
import { type Authorisations, informPublic } from "../../api/authorisations";
import { ActButton, TextArea, textOf } from "../../parts";
import { useActing } from "../../session/SessionContext";

const TEXT_MAX_CHARS = 300;

/** Sets whom the public page names, and where rights are exercised (P-81). */
export function InformAct({ told }: { told: Authorisations["public"] }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const fields = [
    ["controller", t`Responsable, avec son adresse`],
    ["officer", t`Délégué à la protection des données, avec son contact`],
    ["rights", t`Où et quand exercer ses droits`],
  ] as const;
  return (
    <ActButton
      label={<Trans>Renseigner</Trans>}
      size="s"
      title={<Trans>Page publique de la commune</Trans>}
      confirm={<Trans>Publier</Trans>}
      run={(data) =>
        informPublic(commune, {
          controller: textOf(data, "controller"),
          officer: textOf(data, "officer"),
          rights: textOf(data, "rights"),
        })
      }
      stale={["authorisations"]}
      done={t`Page publique mise à jour.`}
    >
      {fields.map(([name, label]) => (
        <TextArea
          key={name}
          label={label}
          name={name}
          required
          maxLength={TEXT_MAX_CHARS}
          defaultValue={told[name]}
        />
      ))}
    </ActButton>
  );
}
