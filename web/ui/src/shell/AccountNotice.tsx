import { useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useRef } from "react";
import { accountQuery } from "../api/account";
import { loadPapers } from "../i18n/locale";

/** How often the account is read again under a page that stays open, in ms. */
const REFRESH_MS = 60_000;

/** Rarely seen: its words and code come when there is something to say. */
const RecoveryNotice = lazy(async () => {
  const [page] = await Promise.all([import("../pages/account/RecoveryNotice"), loadPapers()]);
  return { default: page.RecoveryNotice };
});

/** At the top of every page: what happens to the signed-in person's own account and cannot wait. */
export function AccountNotice({ className = "stack" }: { className?: string }) {
  const { t } = useLingui();
  const account = useQuery({ ...accountQuery, staleTime: REFRESH_MS, refetchInterval: REFRESH_MS }).data;
  // What was said stays until it is read, though the account has nothing more to say.
  const said = useRef(false);
  if (account?.recovery || account?.recovered?.rests) said.current = true;
  if (!account || !said.current) return null;
  return (
    <section className={className} aria-label={t`Votre compte`}>
      <Suspense fallback={null}>
        <RecoveryNotice account={account} />
      </Suspense>
    </section>
  );
}
