CREATE TABLE "challenges" (
	"account_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"email" text NOT NULL,
	"epoch" integer NOT NULL,
	"code_hash" "bytea",
	"code_expires_at" timestamp with time zone NOT NULL,
	"tries_left" integer NOT NULL,
	"link_hash" "bytea" NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	CONSTRAINT "challenges_account_id_id_pk" PRIMARY KEY("account_id","id")
);
--> statement-breakpoint
CREATE TABLE "mail_counts" (
	"key" text PRIMARY KEY NOT NULL,
	"mails" integer NOT NULL,
	"ends_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mails" (
	"account_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"recipient" text,
	"sealed_values" "bytea",
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"due_at" timestamp with time zone DEFAULT now() NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"sent_at" timestamp with time zone,
	"failed_at" timestamp with time zone,
	CONSTRAINT "mails_account_id_id_pk" PRIMARY KEY("account_id","id")
);
--> statement-breakpoint
DROP INDEX "noticed_events";--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "email_verified_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "accounts" ADD COLUMN "deletes_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "challenges_in_time" ON "challenges" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "mail_counts_in_time" ON "mail_counts" USING btree ("ends_at");--> statement-breakpoint
CREATE INDEX "mails_due" ON "mails" USING btree ("due_at") WHERE sent_at IS NULL AND failed_at IS NULL;--> statement-breakpoint
CREATE INDEX "mails_in_time" ON "mails" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "accounts_to_delete" ON "accounts" USING btree ("deletes_at") WHERE deletes_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX "noticed_events" ON "audit_events" USING btree ("at") WHERE event IN ('signed_out', 'session_revoked', 'refresh_token_reused', 'session_limit_reached', 'account_disabled', 'account_deleted', 'password_changed', 'subscription_changed', 'profile_changed', 'password_reset', 'email_verified', 'email_changed', 'email_change_undone', 'deletion_scheduled');--> statement-breakpoint
-- As before, but an address that was changed stays the account's while that can be undone.
IF to_regprocedure('claim_account_identifiers()') IS NOT NULL THEN
  CREATE OR REPLACE FUNCTION "claim_account_identifiers"() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $claim$
  DECLARE
    identifier record;
  BEGIN
    IF TG_OP <> 'INSERT' THEN
      DELETE FROM account_identifiers AS held WHERE account_id = OLD.id
        AND (kind, value) IN (('email', OLD.email), ('username', lower(OLD.username)))
        AND (TG_OP = 'DELETE' OR NOT EXISTS (
          SELECT FROM challenges
          WHERE held.kind = 'email' AND challenges.account_id = held.account_id AND challenges.email = held.value
            AND purpose = 'undo_email_change' AND used_at IS NULL AND expires_at > now()
        ));
    END IF;
    IF TG_OP = 'DELETE' THEN
      RETURN OLD;
    END IF;
    FOR identifier IN
      SELECT * FROM (VALUES ('email', NEW.email, 'accounts_email_unique'),
        ('username', lower(NEW.username), 'accounts_username_unique')) AS given (kind, value, constraint_name)
      WHERE value IS NOT NULL
    LOOP
      INSERT INTO account_identifiers AS held (kind, value, account_id)
      VALUES (identifier.kind, identifier.value, NEW.id)
      ON CONFLICT (kind, value) DO UPDATE SET account_id = excluded.account_id
        WHERE held.account_id = excluded.account_id OR held.claimed_at < now() - interval '60 s' AND NOT EXISTS (
          SELECT FROM challenges
          WHERE held.kind = 'email' AND challenges.account_id = held.account_id AND challenges.email = held.value
            AND purpose = 'undo_email_change' AND used_at IS NULL AND expires_at > now()
        );
      IF NOT FOUND THEN
        RAISE unique_violation USING CONSTRAINT = identifier.constraint_name,
          MESSAGE = 'the identifier is claimed for another account';
      END IF;
    END LOOP;
    RETURN NEW;
  END $claim$;
END IF;
