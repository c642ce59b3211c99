import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { Chrome } from "./Chrome";
import { HelpDialog } from "./HelpDialog";
import { keyIn } from "./KeyField";
import { type Found, foundIn } from "./package/refused";
import { type Opened, openPackage } from "./package/verify";
import { useVerification } from "./useVerification";
import { WatchPage } from "./WatchPage";
import { WelcomePage } from "./WelcomePage";

/** The whole reader: a package is chosen, then watched and verified at once. */
export function App() {
  const { t } = useLingui();
  const [package_, setPackage] = useState<{ file: File; opened: Opened }>();
  const [opening, setOpening] = useState(false);
  const [refused, setRefused] = useState<{ name: string; found: Found }>();
  const [keys, setKeys] = useState<readonly string[]>([]);
  const [help, setHelp] = useState(false);
  const [letters, setLetters] = useState(true);
  const report = useVerification(package_?.file, keys);
  const name = package_?.opened.manifest.package;
  useEffect(() => {
    document.title = name === undefined ? t`Lecteur de preuve` : t`${name}, lecteur de preuve`;
  }, [name, t]);
  const addKey = (key: string): void => setKeys((known) => (known.includes(key) ? known : [...known, key]));
  const openFiles = async (files: readonly File[]): Promise<void> => {
    setRefused(undefined);
    setOpening(true);
    for (const file of files) {
      const key = await keyIn(file).catch(() => undefined);
      if (key !== undefined) {
        addKey(key);
        continue;
      }
      try {
        setPackage({ file, opened: await openPackage(file) });
      } catch (error) {
        setRefused({ name: file.name, found: foundIn(error) });
      }
    }
    setOpening(false);
  };
  return (
    <div className="reader">
      <a className="skip" href="#contenu">
        <Trans>Aller au contenu</Trans>
      </a>
      <Chrome
        commune={package_?.opened.manifest.commune.name}
        name={name}
        onOther={package_ === undefined ? undefined : () => setPackage(undefined)}
        onHelp={() => setHelp(true)}
      />
      {package_ === undefined ? (
        <WelcomePage
          opening={opening}
          refused={refused}
          keys={keys}
          onKey={addKey}
          onFiles={(files) => void openFiles(files)}
        />
      ) : (
        <WatchPage
          key={package_.opened.manifest.package}
          opened={package_.opened}
          report={report}
          keys={keys}
          onKey={addKey}
          letters={letters}
          onHelp={() => setHelp(true)}
        />
      )}
      {help ? <HelpDialog letters={letters} onLetters={setLetters} onClose={() => setHelp(false)} /> : null}
    </div>
  );
}
