type Prefix = `${'' | 'app.'}http.sink`

/** One of these is there, since a storage must be said. */
type Place = Prefix | `${Prefix}.failover` | `${Prefix}.${'' | 'failover.'}storage`

/** The two forms do not mix. */
interface WithoutOurs {
  readonly http?: never
  readonly retry?: never
  readonly failover?: never
  readonly journal?: never
}

interface Nested extends Omit<WithoutOurs, 'http'> {
  readonly http: { readonly sink: object }
}

interface Below extends WithoutOurs {
  readonly app: { readonly http: { readonly sink: object } } | { readonly 'http.sink': object }
}

type Dotted = {
  [Each in Place]: WithoutOurs & { readonly [key in Each]: unknown } & {
    readonly [key: `${Prefix}.${string}`]: unknown
  }
}[Place]

/** Without what stands in front of the keys. */
interface Bare extends Omit<WithoutOurs, 'failover'> {
  readonly threshold: object
  readonly failover: object
}

// The keys are not named one by one: an editor would show them to all who write our own form.
type Flat = WithoutOurs & { readonly [key: string]: unknown } & (
    { readonly storage: string } | { readonly 'failover.storage': string }
  )

/**
 * The configuration of Apache StreamPark's HttpSink: below `http.sink`, nested or with dots, or its keys alone. What is in it is
 * checked at run time. One of unknown shape, or that has sections of other programs too, is to be asserted to be one.
 */
export type StreamParkOptions = Nested | Below | Dotted | Bare | Flat
