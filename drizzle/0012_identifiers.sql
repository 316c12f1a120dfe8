CREATE TABLE "account_identifiers" (
	"kind" text NOT NULL,
	"value" text NOT NULL,
	"account_id" uuid NOT NULL,
	"claimed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "account_identifiers_kind_value_pk" PRIMARY KEY("kind","value")
);
--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "email" text;
--> statement-breakpoint
-- For accounts of processes of the previous version, which may still run, with fewer rights: they claim nothing.
CREATE FUNCTION "claim_account_identifiers"() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $claim$
DECLARE
  identifier record;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    DELETE FROM account_identifiers WHERE account_id = OLD.id
      AND (kind, value) IN (('email', OLD.email), ('username', lower(OLD.username)));
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
      WHERE held.account_id = excluded.account_id OR held.claimed_at < now() - interval '60 s';
    IF NOT FOUND THEN
      RAISE unique_violation USING CONSTRAINT = identifier.constraint_name,
        MESSAGE = 'the identifier is claimed for another account';
    END IF;
  END LOOP;
  RETURN NEW;
END $claim$;
--> statement-breakpoint
CREATE TRIGGER "accounts_claim_identifiers" AFTER INSERT OR DELETE OR UPDATE OF "email", "username" ON "accounts"
  FOR EACH ROW EXECUTE FUNCTION "claim_account_identifiers"();
--> statement-breakpoint
INSERT INTO "account_identifiers" ("kind", "value", "account_id", "claimed_at")
SELECT 'email', "email", "id", "created_at" FROM "accounts"
UNION ALL
SELECT 'username', lower("username"), "id", "created_at" FROM "accounts" WHERE "username" IS NOT NULL;
