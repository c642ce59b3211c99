import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { isOver, orderEvents, orderQuery, type ProvisioningOrder } from "../../api/provisioning";

/** An order and its progress, pushed by the server; read again now and then should the stream fail. */
export function useOrder(id: string | undefined): ProvisioningOrder | undefined {
  const client = useQueryClient();
  const { data } = useQuery({ ...orderQuery(id ?? ""), enabled: id !== undefined });
  const over = isOver(data);
  useEffect(() => {
    if (id === undefined || over || typeof EventSource === "undefined") return undefined;
    const source = new EventSource(orderEvents(id));
    source.onmessage = (message: MessageEvent<string>) => {
      const order = JSON.parse(message.data) as ProvisioningOrder;
      client.setQueryData(orderQuery(id).queryKey, order);
      if (isOver(order)) source.close();
    };
    return () => source.close();
  }, [client, id, over]);
  return data;
}
