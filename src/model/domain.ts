/** A domain (tenant) that is served: users are `user@name`. Equal numbers in two domains are two users. */
export interface Domain {
  /** Lower case. */
  readonly name: string;
  /** Other host names and addresses that mean it; lower case. */
  readonly aliases: readonly string[];
}
