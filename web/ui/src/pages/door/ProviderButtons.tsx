import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { IdCard } from "lucide-react";
import { useState } from "react";
import { leaveToSignIn, type Provider, providersQuery } from "../../api/providers";
import { Button } from "../../parts/Button";

interface ProviderButtonsProps {
  /** Where the person wants to go afterwards. */
  next: string | undefined;
  /** What went wrong before the browser could leave. */
  onError: (error: unknown) => void;
}

/** A button for each identity provider that the host declares; nothing where there is none. */
export function ProviderButtons({ next, onError }: ProviderButtonsProps) {
  const { t } = useLingui();
  const providers = useQuery(providersQuery).data?.providers ?? [];
  const [leaving, setLeaving] = useState("");
  if (providers.length === 0) return null;
  const leave = async (provider: Provider) => {
    setLeaving(provider.id);
    onError(null);
    try {
      await leaveToSignIn(provider.id, next);
    } catch (failure) {
      setLeaving("");
      onError(failure);
    }
  };
  return (
    <section className="stack-s" aria-label={t`Fournisseurs d’identité`}>
      {providers.map((provider) => (
        <div key={provider.id} className="stack-s">
          <Button
            size="l"
            wide
            icon={IdCard}
            busy={leaving === provider.id}
            onClick={() => void leave(provider)}
          >
            <Trans>S’identifier avec {provider.label}</Trans>
          </Button>
          {provider.kind === "proconnect" ? <WhatIsProConnect /> : null}
        </div>
      ))}
    </section>
  );
}

/** The link that ProConnect asks for under its button, in its words. */
function WhatIsProConnect() {
  const { t } = useLingui();
  return (
    <p className="small">
      <a
        href="https://www.proconnect.gouv.fr/"
        target="_blank"
        rel="noopener noreferrer"
        title={t`Qu’est-ce que ProConnect ? - nouvelle fenêtre`}
      >
        <Trans>Qu’est-ce que ProConnect ?</Trans>
      </a>
    </p>
  );
}
