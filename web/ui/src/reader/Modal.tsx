import { useLingui } from "@lingui/react/macro";
import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";

interface ModalProps {
  title: ReactNode;
  wide?: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** A dialog of the browser's own: it keeps the focus, and Escape closes it. */
export function Modal({ title, wide = false, onClose, children }: ModalProps) {
  const { t } = useLingui();
  const titleId = useId();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = element.current;
    if (shown?.open === false) shown.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={element} className={wide ? "modal-wide" : ""} aria-labelledby={titleId} onClose={onClose}>
      <div className="dlg">
        <header className="row row-between">
          <h2 id={titleId} tabIndex={-1}>
            {title}
          </h2>
          <button type="button" className="btn btn-s btn-i btn-0" aria-label={t`Fermer`} onClick={onClose}>
            <X className="ic" aria-hidden />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
