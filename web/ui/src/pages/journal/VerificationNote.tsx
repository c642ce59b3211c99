import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { LoaderCircle, ShieldCheck, ShieldX } from "lucide-react";
import type { CheckpointView } from "../../api/journal";
import { formatNumber, formatTime, nowUs } from "../../i18n/format";
import { Note } from "../../parts";
import { verifyLog } from "./verifyLog";

/** The whole open log, verified in this browser; a failure is red and names what does not hold. */
export function VerificationNote({ commune, view }: { commune: string; view: CheckpointView }) {
  const { t } = useLingui();
  const query = useQuery({
    queryKey: ["journal", commune, "verdict", view.log, view.size],
    queryFn: async () => ({ verdict: await verifyLog(commune, view), atUs: nowUs() }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  if (query.isPending) {
    return (
      <Note
        kind="info"
        icon={LoaderCircle}
        live
        title={<Trans>Vérification du journal dans ce navigateur…</Trans>}
      />
    );
  }
  if (query.isError) {
    return (
      <Note kind="warn" live title={<Trans>Journal non vérifié : une tuile n’a pas pu être lue.</Trans>}>
        <Trans>Réessayez, ou vérifiez les fichiers avec vms audit verify.</Trans>
      </Note>
    );
  }
  const { verdict, atUs } = query.data;
  if (verdict.ok) {
    const root = verdict.root;
    return (
      <Note
        kind="ok"
        icon={ShieldCheck}
        live
        title={<Trans>Journal vérifié, {formatNumber(verdict.size)} entrées.</Trans>}
      >
        <span className="cap">
          <Trans>
            Point de contrôle {view.log}, racine {root.slice(0, 4)} {root.slice(4, 8)} … {root.slice(-4)},
            recalculée dans ce navigateur à {formatTime(atUs, true)}. Signature de la commune valable.
          </Trans>
        </span>
      </Note>
    );
  }
  const why = {
    signature: t`La signature du point de contrôle n’est pas celle de la commune.`,
    checkpoint: t`Le point de contrôle est illisible.`,
    root: t`Les entrées ne mènent pas à la racine signée : une au moins a été changée.`,
    tile: t`La tuile ${verdict.tile ?? 0} est incomplète.`,
    "too-long": t`Ce journal est trop long pour cette page : utilisez vms audit verify.`,
  }[verdict.why];
  return (
    <Note
      kind={verdict.why === "too-long" ? "warn" : "danger"}
      icon={ShieldX}
      live
      title={<Trans>Journal non vérifié.</Trans>}
    >
      {why}
    </Note>
  );
}
