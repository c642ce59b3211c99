import { useLingui } from "@lingui/react/macro";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { Button } from "./Button";

interface DialogProps {
  open: boolean;
  onClose: () => void;
  /** Names the act and its object. */
  title: ReactNode;
  /** On a phone it comes from below, at the thumb. */
  sheet?: boolean;
  /** It asks for an answer: no close button, Escape does nothing. */
  blocking?: boolean;
  children: ReactNode;
}

/** A modal dialog. Focus enters, stays, and comes back to where it was. */
export function Dialog({ open, onClose, title, sheet, blocking, children }: DialogProps) {
  const { t } = useLingui();
  return (
    <ModalOverlay
      className={sheet ? "scrim scrim-sheet" : "scrim"}
      isOpen={open}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
      isDismissable={!blocking}
      isKeyboardDismissDisabled={blocking ?? false}
    >
      <Modal className="modal">
        <AriaDialog className="dlg" role={blocking ? "alertdialog" : "dialog"}>
          <div className="row row-between dlg-head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            {blocking ? null : (
              <Button kind="quiet" size="s" iconOnly icon={X} aria-label={t`Fermer`} onClick={onClose} />
            )}
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
