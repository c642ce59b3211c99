import { useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { makeDocument } from "../../api/documents";
import { useToast } from "../../parts";
import { useActing } from "../../session/SessionContext";

/** Has a document made and saved, one at a time; what went wrong stays until the next try. */
export function useMaking(kind: string) {
  const { t } = useLingui();
  const { commune } = useActing();
  const toast = useToast();
  const cache = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const make = async (asked: Readonly<Record<string, string>>) => {
    setBusy(true);
    setProblem(null);
    try {
      const made = await makeDocument(commune, kind, asked);
      const { saveBlob } = await import("../../media/packageDownload");
      saveBlob(made);
      toast(t`Document produit et inscrit au journal.`);
      void cache.invalidateQueries({ queryKey: ["journal", commune] });
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, make };
}
