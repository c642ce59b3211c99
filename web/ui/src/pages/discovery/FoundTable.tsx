import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import type { FoundDevice } from "../../api/provisioning";
import { buttonClass, type Column, DataTable, type StateName, StateTag } from "../../parts";

/** What a device's state looks like; the detail may say more. */
function stateOf(device: FoundDevice): StateName {
  if (device.detail.default_password === true && device.state === "new") return "default-password";
  switch (device.state) {
    case "new":
      return "new";
    case "enrolled":
      return "enrolled";
    case "duplicate":
      return "duplicate";
    case "impostor":
      return "impostor";
    case "not-a-camera":
      return "not-a-camera";
    default:
      return "refused";
  }
}

function detailText(device: FoundDevice, key: string): string {
  const value = device.detail[key];
  return typeof value === "string" ? value : "";
}

/** Found devices, oldest first: a new one is added at the end and moves nothing. */
export function FoundTable({ devices }: { devices: readonly FoundDevice[] }) {
  const { t } = useLingui();
  const columns: Column<FoundDevice>[] = [
    {
      key: "device",
      head: t`Équipement`,
      cell: (device) => (
        <>
          {[device.manufacturer, device.model].filter(Boolean).join(" ") || t`Équipement sans nom`}
          <small>
            {[device.serial && t`série ${device.serial}`, device.firmware].filter(Boolean).join(", ")}
          </small>
        </>
      ),
    },
    {
      key: "address",
      head: t`Adresse et MAC`,
      word: t`Adresse et MAC`,
      cell: (device) => (
        <>
          {device.address}
          <small>{device.mac}</small>
        </>
      ),
    },
    {
      key: "state",
      head: t`État`,
      word: t`État`,
      cell: (device) => (
        <>
          <StateTag state={stateOf(device)} bare={device.state === "impostor"} />
          <small>
            {whyOf(device, t`Même clé qu’une caméra connue, autre adresse. Rien n’a été modifié.`)}
          </small>
        </>
      ),
    },
    {
      key: "act",
      head: t`Action`,
      numeric: true,
      cell: (device) => <FoundAct device={device} />,
    },
  ];
  return (
    <DataTable
      caption={t`Équipements trouvés`}
      columns={columns}
      rows={devices}
      rowKey={(device) => device.id}
      bad={(device) => device.state === "impostor"}
    />
  );
}

function whyOf(device: FoundDevice, impostor: string): string {
  const said = detailText(device, "what") || detailText(device, "reason") || detailText(device, "why");
  return said || (device.state === "impostor" ? impostor : "");
}

function FoundAct({ device }: { device: FoundDevice }) {
  const camera = detailText(device, "camera");
  if (device.state === "new") {
    return (
      <Link
        className={buttonClass({ kind: "primary", size: "s" })}
        to="/decouverte/$found"
        params={{ found: device.id }}
      >
        <Trans>Enrôler</Trans>
        <span className="vh"> {device.address}</span>
      </Link>
    );
  }
  if (device.state === "enrolled" && camera) {
    return (
      <Link to="/cameras/$camera" params={{ camera }}>
        <Trans>Ouvrir</Trans>
        <span className="vh"> {device.address}</span>
      </Link>
    );
  }
  if (device.state === "impostor") {
    return (
      <Link className={buttonClass({ size: "s" })} to="/cameras">
        <Trans>Voir l’incident</Trans>
      </Link>
    );
  }
  return null;
}
