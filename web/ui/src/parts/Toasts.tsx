import { useLingui } from "@lingui/react/macro";
import { CircleCheck, X } from "lucide-react";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";
import { Button } from "./Button";

/** How long a confirmation stays, in ms. An error never is a toast: it stays in the page. */
const TOAST_LIFE_MS = 8000;
const TOASTS_MAX = 3;

interface Toast {
  id: number;
  text: string;
}

const ToastContext = createContext<(text: string) => void>(() => undefined);

/** Confirms an act in one sentence. */
export function useToast(): (text: string) => void {
  return useContext(ToastContext);
}

/** Holds the confirmations, spoken politely, at the foot of the page. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const { t } = useLingui();
  const [toasts, setToasts] = useState<Toast[]>([]);
  const next = useRef(1);
  const drop = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const show = useCallback(
    (text: string) => {
      const id = next.current;
      next.current += 1;
      setToasts((all) => [...all, { id, text }].slice(-TOASTS_MAX));
      window.setTimeout(() => drop(id), TOAST_LIFE_MS);
    },
    [drop],
  );
  const value = useMemo(() => show, [show]);
  return (
    <ToastContext value={value}>
      {children}
      <div className="toasts" role="status" aria-label={t`Confirmations`}>
        {toasts.map((toast) => (
          <div className="toast" key={toast.id}>
            <CircleCheck className="ic c-ok" aria-hidden />
            <span>{toast.text}</span>
            <Button
              kind="quiet"
              size="s"
              iconOnly
              icon={X}
              aria-label={t`Fermer`}
              onClick={() => drop(toast.id)}
            />
          </div>
        ))}
      </div>
    </ToastContext>
  );
}
