/** Where requests go. */
export interface Endpoint {
  /** `https:`, or `http:` for a custom endpoint such as a local bus. */
  readonly protocol: string;
  readonly hostname: string;
  /** Absent where it is the protocol's own. */
  readonly port: number | undefined;
  readonly path: string;
  /** Value of the Host header, which is signed. */
  readonly host: string;
}

/** What decides the endpoint. */
export interface EndpointChoice {
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly endpointId: string | undefined;
  readonly useFips: boolean;
  readonly useDualStack: boolean;
}

interface Partition {
  readonly regions: RegExp;
  readonly suffix: string;
  readonly dualStackSuffix: string;
}

// As in the endpoint rules of @aws-sdk/client-eventbridge 3.1169.0, to which a test holds
// them.
const PARTITIONS: readonly Partition[] = [
  partition(/^cn-/, 'amazonaws.com.cn', 'api.amazonwebservices.com.cn'),
  partition(/^eusc-/, 'amazonaws.eu', 'api.amazonwebservices.eu'),
  partition(/^us-isob-/, 'sc2s.sgov.gov', 'api.aws.scloud'),
  partition(/^us-isof-/, 'csp.hci.ic.gov', 'api.aws.hci.ic.gov'),
  partition(/^us-iso-/, 'c2s.ic.gov', 'api.aws.ic.gov'),
  partition(/^eu-isoe-/, 'cloud.adc-e.uk', 'api.cloud-aws.adc-e.uk'),
  partition(/^/, 'amazonaws.com', 'api.aws'),
];

const REGION = /^[a-z0-9-]+$/;
const ENDPOINT_ID = /^[A-Za-z0-9-]+\.[A-Za-z0-9-]+$/;

/**
 * The endpoint that EventBridge has for a choice.
 * @throws RangeError for a choice that it has none for.
 */
export function endpointOf(choice: EndpointChoice): Endpoint {
  const { region, endpoint, endpointId, useFips, useDualStack } = choice;
  if (!REGION.test(region)) {
    throw new RangeError(`region must be the name of a region, such as eu-west-1, got "${region}"`);
  }
  if (endpointId !== undefined && !ENDPOINT_ID.test(endpointId)) {
    throw new RangeError(
      `endpointId must be the id of a global endpoint, such as abcde.veo, got "${endpointId}"`,
    );
  }
  if (endpointId !== undefined && useFips) {
    throw new RangeError('useFips must be false with an endpointId: global endpoints have no FIPS');
  }
  if (endpoint !== undefined) {
    if (useFips || useDualStack) {
      throw new RangeError('useFips and useDualStack must be false with an endpoint of your own');
    }
    return parse(endpoint);
  }
  const { suffix, dualStackSuffix } = partitionOf(region);
  const domain = useDualStack ? dualStackSuffix : suffix;
  if (endpointId !== undefined) return parse(`https://${endpointId}.endpoint.events.${domain}`);
  // GovCloud's regular endpoints are the FIPS ones.
  const fips = useFips && !region.startsWith('us-gov-');
  return parse(`https://events${fips ? '-fips' : ''}.${region}.${domain}`);
}

function parse(text: string): Endpoint {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new RangeError(`endpoint must be a URL, such as http://127.0.0.1:4010, got "${text}"`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new RangeError(`endpoint must start with http:// or https://, got "${text}"`);
  }
  return {
    protocol: url.protocol,
    // Node wants IPv6 addresses without their brackets.
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? undefined : Number(url.port),
    path: url.pathname,
    host: url.host,
  };
}

function partitionOf(region: string): Partition {
  return PARTITIONS.find(({ regions }) => regions.test(region)) as Partition;
}

function partition(regions: RegExp, suffix: string, dualStackSuffix: string): Partition {
  return { regions, suffix, dualStackSuffix };
}
